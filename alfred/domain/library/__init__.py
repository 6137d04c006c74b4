"""What a library holds: releases, episode files, entries and their states."""
