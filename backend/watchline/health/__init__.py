"""How the system itself fares: alarms about machines, edges and their ledgers; metrics."""
