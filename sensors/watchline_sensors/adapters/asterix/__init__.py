"""ASTERIX CAT010: ground radars over UDP."""
