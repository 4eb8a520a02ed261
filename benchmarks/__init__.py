"""What a ticket costs and how fast tickets are, against a bare workflow."""
