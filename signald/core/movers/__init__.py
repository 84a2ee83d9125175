"""What moves the market beside the figures: pegs, drift, a reference's regime, liquidity's clock, and who leads."""
