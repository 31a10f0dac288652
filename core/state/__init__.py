"""What outlives a process: PostgreSQL holds people and bots, Redis holds everything in motion."""
