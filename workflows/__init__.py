"""The procedures, each reading like the written rule it follows."""
