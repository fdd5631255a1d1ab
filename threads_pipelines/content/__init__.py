"""What the posts say: seeds, variation templates, prompts and the text model, with its guards."""
