"""The platform's certificate authority for devices: a root kept offline, intermediates that issue."""

from devices.ca.asking import Request, read
from devices.ca.authority import Authority, Issued

__all__ = ["Authority", "Issued", "Request", "read"]
