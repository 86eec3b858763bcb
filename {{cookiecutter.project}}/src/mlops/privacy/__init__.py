"""Find, hide and erase personal data, by Sensitive Data Protection (DLP)."""
