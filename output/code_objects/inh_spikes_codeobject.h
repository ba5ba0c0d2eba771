#ifndef _INCLUDED_inh_spikes_codeobject
#define _INCLUDED_inh_spikes_codeobject

void _run_inh_spikes_codeobject();

void _debugmsg_inh_spikes_codeobject();

#endif
