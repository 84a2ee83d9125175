"""Dialects: how each counterparty speaks; bytes in, events and answers out, no I/O."""
