"""From participants to rounds of topic groups."""
