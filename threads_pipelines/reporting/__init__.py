"""What a person sees: metadata tables, plots, the side-by-side page, exports."""
