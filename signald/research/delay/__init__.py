"""What acting later costs: documents of a replay acted on at the prices that recorded books showed by then."""
