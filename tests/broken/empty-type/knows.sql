select * from (values
  (1, 2, 'LIKES'),
  (2, 1, ''),
  (2, 2, null)
) as t(from_id, to_id, how)
