"""Questions over all the tables. They read and never write; a report sees one moment of the database, not a mixture."""
