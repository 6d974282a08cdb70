select * from (values
  (1, 2, 'LIKES'),
  (2, 1, 'LIKES::LOVES')
) as t(from_id, to_id, how)
