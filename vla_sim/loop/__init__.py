"""The only floor where triples, agents, align and eval meet."""
