"""How a new version takes over the traffic of the old one, and how it is taken back; and the mesh that this needs."""
