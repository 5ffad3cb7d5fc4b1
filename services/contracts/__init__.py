"""What the services say to each other, and the words they share. Imports msgspec and the kit's message base only."""
