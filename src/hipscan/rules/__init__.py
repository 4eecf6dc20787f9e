"""Rule packs: schema, loader, matchers, profiles."""
