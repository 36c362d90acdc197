"""The law: dated, cited rows (`rows`), the facts that they read (`facts`), and the decision (`rules.decide`)."""
