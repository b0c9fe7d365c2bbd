"""Who may enter a case that is served: accounts, their passwords, logins and tokens."""
