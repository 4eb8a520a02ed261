"""What the rules run on: settings, the Temporal connection, embedded servers, policy files."""
