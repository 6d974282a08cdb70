select * from (values
  (1, 2, 'LIKES'),
  (2, 1, 'OWES' || chr(0))
) as t(from_id, to_id, how)
