"""What the venue itself says of chosen wallets, asked for and added to a dataset."""
