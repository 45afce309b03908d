"""What every command shares: its error handling, its log, the processes that it starts, the questions that it asks."""
