"""Other tools for attribution, each behind one small adapter; they are imported only when `verify` asks for them."""
