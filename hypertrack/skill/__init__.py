"""Skill told from luck: entities, bets, shrinkage, copy edge and the verdict."""
