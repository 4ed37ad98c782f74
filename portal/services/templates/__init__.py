"""Approval templates: made, chosen, mapped, checked, and the flow behind them."""
