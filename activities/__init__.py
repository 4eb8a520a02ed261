"""Everything that touches the outside, behind signatures that workflows may know."""
