select * from (values
  (1, {'cm': 1.5::double}),
  (2, {'cm': 'nan'::double})
) as t(id, size)
