"""The ingestion endpoint of Application Insights on this machine: `item_format` is what it accepts."""
