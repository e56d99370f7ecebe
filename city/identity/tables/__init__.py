"""Tables of identities: who there is, by what he is known, where he is signed in, and the apps."""
