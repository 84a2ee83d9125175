"""Results as one HTML file each, which needs nothing else: no network, no script, light, dark and on paper."""
