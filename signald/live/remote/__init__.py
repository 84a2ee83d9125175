"""Books that are kept on other hosts: their board rows come over Redis onto this host's board."""
