"""A stranger's Discord on loopback: REST, CDN, gateway and the people in front of it."""
