"""What each command does to a case, one file for each part of the procedure."""
