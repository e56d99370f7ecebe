"""How devices join the fleet and stay in it: claims, certificates and their renewal, passwords for others."""

from devices.enrolment.accounts import Accounts
from devices.enrolment.claims import Claims, Made, Open
from devices.enrolment.enrol import Enrolment
from devices.enrolment.renewal import Renewal

__all__ = ["Accounts", "Claims", "Enrolment", "Made", "Open", "Renewal"]
