"""What must outlive everything: people, bots, epochs, reports. Asked rarely, never per message.

One repository a noun; SQL stands beside the method that runs it, with parameters only. Schema
changes are numbered files in `migrations`, each of which the version before can live with.

When PostgreSQL is away every call raises DatabaseAway within two seconds; people whom a cache
knows go on, nothing is half written because each method is one statement or one transaction.
"""
