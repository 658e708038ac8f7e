"""How days and hours are written in English where Django's own way is American."""
