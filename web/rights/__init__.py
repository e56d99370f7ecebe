"""A person's rights over what we keep of him (UU 27/2022): have all of it, or have it erased."""
