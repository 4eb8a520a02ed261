"""The pure rules of after-sales service: no I/O, no clock, no Temporal, no randomness."""
