"""The results of one clip: records, tables, pictures and the report in its folder."""
