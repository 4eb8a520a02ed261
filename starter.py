"""The entry point of the command line `aftercare`."""

from cli.app import main

if __name__ == "__main__":
    main()
