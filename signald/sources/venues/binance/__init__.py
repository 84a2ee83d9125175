"""Binance: spot and USD-M futures speak one dialect of depth."""
