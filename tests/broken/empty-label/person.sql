select * from (values
  (1, ['Adult']),
  (2, ['Child', '']),
  (3, ['Child', null]),
  (4, []),
  (5, null)
) as t(id, kinds)
