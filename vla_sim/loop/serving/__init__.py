"""Policies over the wire: contracts, the protocol, who asks and who serves."""
