"""
Broadsheet: the self-hosted platform with which a news publisher earns its living
from readers. docs/tour.md names the seven files to read first.
"""

__version__ = "0.1.0"
