select * from (values
  (1, 'Ada', 'A')
) as t(id, name, nick)
