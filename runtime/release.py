"""The release: what a worker calls itself, and what recorded histories are filed under."""

VERSION = "0.3.0"
