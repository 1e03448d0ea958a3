"""ASTERIX: radars (CAT010, CAT034/048) and trackers (CAT062/063/065)."""
