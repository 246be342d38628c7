//! What the journeys share: a Haven of their own on free ports, a browser in front of it, and a look at what it keeps.
