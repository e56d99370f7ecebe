"""Personal data: sealed under a key for each record, found by blind values, kept no longer than it may be."""

from city.privacy.holder import holder
from city.privacy.keyfile import KeyFile
from city.privacy.keys import Keys
from city.privacy.retention import Policy, Sweeper, vault_policy
from city.privacy.settings import Settings
from city.privacy.subjects import Export, Hook, Outcome, Report, Subjects, vault_hook
from city.privacy.vault import Held, Vault

__all__ = [
    "Export",
    "Held",
    "Hook",
    "KeyFile",
    "Keys",
    "Outcome",
    "Policy",
    "Report",
    "Settings",
    "Subjects",
    "Sweeper",
    "Vault",
    "holder",
    "vault_hook",
    "vault_policy",
]
