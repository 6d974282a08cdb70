select * from (values
  (1, 'Ada', ['a']),
  (2, null, ['b']),
  (3, 'Cy', []::varchar[])
) as t(id, name, tags)
