"""The front desk: what the command line and the web share in front of the tickets."""
