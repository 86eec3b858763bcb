"""Sensitive Data Protection (DLP): finding, de-identifying and measuring personal data."""
