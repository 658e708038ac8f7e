"""Pages of the readers' room: each validates, calls one verb, renders."""
